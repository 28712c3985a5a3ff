"""The steps of the training pipeline as plain functions: values in, values out. No kfp import."""
