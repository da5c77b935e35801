"""Who there is, and who is trained, validated and tested on."""
