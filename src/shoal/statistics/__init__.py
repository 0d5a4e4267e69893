"""Pure statistics of arrays of numbers: intervals, steadied variances, adjusted p-values. Knows no study."""
