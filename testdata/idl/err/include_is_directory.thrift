include "parts"
