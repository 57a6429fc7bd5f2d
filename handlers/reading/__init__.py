"""How a document becomes fields: bytes, text or picture, words with places, fields with confidence."""
