"""What is measured on a trained model of tokens: plain arrays in, numbers out."""
