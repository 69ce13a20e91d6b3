"""What payment's doors share: orders and cash, what becomes of an attempt, money back."""
