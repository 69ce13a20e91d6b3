"""What crosses a process border: facts on the topic, activities' inputs and answers, a person behind intake's door."""
