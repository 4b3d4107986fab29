"""A result of the checker: the rule's name, a sentence, and the evidence."""

import json


class Violation:
    """One violation of an invariant."""

    def __init__(self, rule, text, **evidence):
        self.rule = rule
        self.text = text
        self.evidence = evidence

    def __str__(self):
        lines = [f'{self.rule}: {self.text}']
        for name, value in self.evidence.items():
            shown = json.dumps(value, ensure_ascii=False, default=str)
            if len(shown) > 900:
                shown = shown[:900] + f'... ({len(shown)} characters)'
            lines.append(f'    {name}: {shown}')
        return '\n'.join(lines)
