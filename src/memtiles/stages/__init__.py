"""The stages of a build, one file each: what is drawn anew, and what is there already."""
