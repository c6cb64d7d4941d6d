"""What tests need besides the product. Nothing here is shipped."""
