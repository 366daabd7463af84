"""Records to rows: tables and columns as data, values checked before any batch is built."""
