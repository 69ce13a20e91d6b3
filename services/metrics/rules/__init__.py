"""Pure decisions of metrics: what is counted, how counts move, how they compare with targets."""
