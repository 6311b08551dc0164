"""The pages: widgets in, gan_core out."""
