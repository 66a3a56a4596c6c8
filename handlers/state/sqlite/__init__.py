"""`sqlite:///`: one file that all processes of one machine share."""
