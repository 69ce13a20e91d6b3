"""Pure rules of intake: values and a day in, values or a refusal out."""
