"""Commands of ``ebmbench study``, one module per study."""
