"""The pipeline for Kubeflow: the same stages as components; `compiled/` holds the committed IR."""
