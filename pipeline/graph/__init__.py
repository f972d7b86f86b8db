"""The model and its explainer as ONNX graphs."""
