-- One word for what is made without a language model: `builtin`, as results have it.
UPDATE llm_calls SET provider = 'builtin', model = 'builtin', outcome = 'builtin'
 WHERE outcome = 'built_in';
