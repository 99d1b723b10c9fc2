"""What one environment deploys."""
