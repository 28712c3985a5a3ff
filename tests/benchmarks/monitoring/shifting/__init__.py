"""What estimates without labels are worth while classes become more frequent: group `shift`."""
