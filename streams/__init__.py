"""From records to numbers: the fold, the scores, the Faust worker and the command line."""
