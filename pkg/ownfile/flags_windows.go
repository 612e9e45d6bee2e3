package ownfile

// Flags are none on Windows.
const Flags = 0
