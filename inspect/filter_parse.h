/* From words to conditions.
 *
 *   any       := all { "||" all }
 *   all       := test { "&&" test }
 *   test      := primary [ comparison ( primary | "[" literal { "," literal } "]" ) ]
 *   primary   := "!" primary | "(" any ")" | "has" "(" path ")" | "changed" "(" path ")" | field | path | literal
 *   path      := "data" { "." ( NAME | "*" | "**" ) | "[" ( INTEGER | "*" | STRING ) "]" } */
#ifndef SCTX_INSPECT_FILTER_PARSE_H
#define SCTX_INSPECT_FILTER_PARSE_H
#include "filter_lex.h"

/* All of the expression; sets filter->root. Where arrays have room for one entry a byte of the expression, there is always enough. */
bool filter_parse(struct lexer *lexer);

/* A field, a path or a literal, which `now` begins; taken. */
bool operand_parse(struct lexer *lexer, uint32_t *operand);
bool path_parse(struct lexer *lexer, uint32_t *operand);
extern const char expected_value[]; /* what operand_parse() and others hope for */

/* Do types and comparison fit, as far as they are known now? Turns a condition round if its right side is the field; prepares regular
 * expressions; gives it a slot if a topic's id decides it. `off`: of the comparison's sign. */
bool condition_check(struct lexer *lexer, struct condition *condition);
/* Can it stand where a condition is expected: is it true or false? */
bool truth_check(struct lexer *lexer, const struct operand *operand);

#endif
