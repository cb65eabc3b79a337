"""The tracker's room: the only place that knows its addresses."""
