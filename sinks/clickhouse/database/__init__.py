"""The database itself: migrations, views, how long rows are kept, and who may read them."""
