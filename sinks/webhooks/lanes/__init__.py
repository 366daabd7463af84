"""The deliveries of one bot to one endpoint, in order, and how hard an endpoint may be pressed."""
