"""The pure core: from records to counts. No I/O, no clock, no Faust."""
