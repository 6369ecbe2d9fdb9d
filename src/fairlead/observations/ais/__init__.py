"""The AIS decoder: NMEA 0183 lines to messages of ITU-R M.1371, in Arrow."""
