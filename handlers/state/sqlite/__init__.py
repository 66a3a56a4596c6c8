"""`sqlite:///`: one file that the processes of one machine share."""
