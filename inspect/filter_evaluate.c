#include "filter_glob.h"
#include "filter_path.h"
#include "filter_program.h"
#include "filter_value.h"

#include <sctx/sctx.h>
#include <stdlib.h>
#include <string.h>

/* An error is neither true nor false, and stays so under '!': `error || true` is true, `error && false` is false, whichever comes first. Which
 * is why no order of conditions changes an answer. Likewise UNKNOWN, which needs the payload. */
enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_UNKNOWN, VERDICT_ERROR };

struct run {
    struct filter *filter;
    const struct filter_message *message;
    const struct tree *tree; /* NULL: none */
    bool has_data;           /* the time for questions about data has come; there may be no tree for all that */
    uint32_t has_changed;    /* bit n: the n-th changed() is true */
    const struct condition *fault;
    sctx_value left, right; /* of the fault */
};

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static sctx_value integer(uint64_t number) {
    return (sctx_value){.type = SCTX_U64, .v.u = number};
}

/* Of a literal or a message's field. */
static sctx_value plain_value(const struct run *run, const struct operand *operand) {
    const struct filter_message *message = run->message;
    switch ((enum field)operand->field) {
    case FIELD_SEQ: return integer(message->seq);
    case FIELD_TIME: return (sctx_value){.type = SCTX_I64, .as = SCTX_TIME_NS, .v.i = message->time_ns};
    case FIELD_TOPIC: return value_of_text(message->topic);
    case FIELD_FROM: return value_of_text(message->from);
    case FIELD_PID: return integer(message->pid);
    case FIELD_LEN: return integer(message->len);
    case FIELD_ENCODING: return value_of_text(message->encoding);
    case FIELD_CAUSE: return message->has_cause ? integer(message->cause) : (sctx_value){.type = SCTX_NULL};
    case FIELD_DATA:
    case FIELD_NONE: break;
    }
    return operand->value;
}

static void walk_operand(struct walk *walk, const struct run *run, const struct operand *operand) {
    static const struct tree none;
    walk_begin(walk, run->tree != NULL ? run->tree : &none, run->filter->steps + operand->first_step, operand->steps);
}

static bool first_field(const struct run *run, const struct operand *operand, sctx_value *value) {
    struct walk walk;
    walk_operand(&walk, run, operand);
    uint32_t node = walk_next(&walk);
    if (node != NO_NODE) *value = value_of_node(run->tree, node);
    return node != NO_NODE;
}

/* False: it is not there. Of several fields of the same name the first. */
static bool single_value(const struct run *run, const struct operand *operand, sctx_value *value) {
    if (operand->field == FIELD_DATA) return first_field(run, operand, value);
    *value = plain_value(run, operand);
    return true;
}

/* ---- comparisons ------------------------------------------------------------------------------------------------------------ */

static enum verdict verdict_of(bool is_so) {
    return is_so ? VERDICT_YES : VERDICT_NO;
}

static enum verdict note_fault(struct run *run, const struct condition *condition, const sctx_value *left, const sctx_value *right) {
    if (run->fault == NULL) {
        run->fault = condition;
        run->left = *left;
        run->right = *right;
    }
    return VERDICT_ERROR;
}

/* null is less than nothing, and no error: as if the field were not there. */
static enum verdict compare(struct run *run, const struct condition *condition, const sctx_value *left, const sctx_value *right) {
    enum relation relation = value_compare(left, right);
    enum comparison comparison = (enum comparison)condition->comparison;
    bool is_equal = relation == EQUAL || relation == SAME;
    if (relation == INCOMPARABLE) return note_fault(run, condition, left, right);
    if (comparison == IS_EQUAL || comparison == IS_IN) return verdict_of(is_equal);
    if (comparison == IS_UNEQUAL) return verdict_of(!is_equal);
    if (left->type == SCTX_NULL || right->type == SCTX_NULL) return VERDICT_NO;
    if (relation == SAME || relation == DIFFERENT) return note_fault(run, condition, left, right);
    if (relation == EQUAL) return verdict_of(comparison == IS_AT_MOST || comparison == IS_AT_LEAST);
    if (relation == LESS) return verdict_of(comparison == IS_LESS || comparison == IS_AT_MOST);
    return verdict_of(relation == GREATER && (comparison == IS_GREATER || comparison == IS_AT_LEAST));
}

/* An element of another type is not equal; if all are, the comparison makes no sense. */
static enum verdict compare_list(struct run *run, const struct condition *condition, const sctx_value *left) {
    const struct operand *elements = &run->filter->operands[condition->right];
    bool is_sensible = false;
    for (uint32_t i = 0; i < condition->count; i++) {
        enum relation relation = value_compare(left, &elements[i].value);
        if (relation == EQUAL || relation == SAME) return VERDICT_YES;
        is_sensible |= relation != INCOMPARABLE;
    }
    return is_sensible ? VERDICT_NO : note_fault(run, condition, left, &elements[0].value);
}

/* The library is told where the text ends, since a NUL may be in it; for all that there must be one behind it. Out of memory: no match. */
static bool match_regex(struct filter *filter, const regex_t *regex, sctx_str text) {
    regmatch_t whole = {.rm_so = 0, .rm_eo = (regoff_t)text.n};
    if (text.n >= filter->subject_room) {
        char *subject = realloc(filter->subject, text.n + text.n / 2 + 64);
        if (subject == NULL) return false;
        filter->subject = subject;
        filter->subject_room = text.n + text.n / 2 + 64;
    }
    if (text.n > 0) memcpy(filter->subject, text.p, text.n);
    filter->subject[text.n] = '\0';
    return regexec(regex, filter->subject, 1, &whole, REG_STARTEND) == 0;
}

static enum verdict match_pattern(struct run *run, const struct condition *condition, const sctx_value *left) {
    struct filter *filter = run->filter;
    const sctx_value *pattern = &filter->operands[condition->right].value;
    bool is_match, wants_match = condition->comparison == IS_LIKE || condition->comparison == IS_MATCH;
    sctx_str text;
    if (left->type == SCTX_NULL) return VERDICT_NO;
    if (!value_text(left, &text)) return note_fault(run, condition, left, pattern);
    if (condition->comparison >= IS_MATCH) {
        is_match = match_regex(filter, &filter->regexes[condition->nth], text);
    } else if (filter->operands[condition->left].field == FIELD_TOPIC) {
        is_match = sctx_topic_matches(pattern->v.s.p, text.p);
    } else {
        is_match = glob_matches(pattern->v.s, text);
    }
    return verdict_of(is_match == wants_match);
}

static enum verdict test_value(struct run *run, const struct condition *condition, const sctx_value *left, const sctx_value *right) {
    if (condition->kind == COND_TRUTH) {
        if (left->type == SCTX_NULL) return VERDICT_NO;
        return left->type == SCTX_BOOL ? verdict_of(left->v.u != 0) : note_fault(run, condition, left, left);
    }
    if (condition->comparison == IS_IN) return compare_list(run, condition, left);
    if (condition->comparison >= IS_LIKE) return match_pattern(run, condition, left);
    return compare(run, condition, left, right);
}

/* Of several fields any. Those of another type count only if all are: and with '*' and '**' objects and arrays, which are just in between, not
 * even then. */
static enum verdict test_fields(struct run *run, const struct condition *condition, const sctx_value *right) {
    const struct operand *operand = &run->filter->operands[condition->left];
    const struct condition *fault = run->fault;
    struct walk walk;
    enum verdict any = VERDICT_UNKNOWN; /* no field so far that counts */
    walk_operand(&walk, run, operand);
    for (uint32_t node; any != VERDICT_YES && (node = walk_next(&walk)) != NO_NODE;) {
        sctx_value left = value_of_node(run->tree, node);
        enum verdict verdict = test_value(run, condition, &left, right);
        bool is_between = verdict == VERDICT_ERROR && operand->is_many && left.type >= SCTX_OBJECT;
        if (!is_between && (any == VERDICT_UNKNOWN || verdict != VERDICT_ERROR)) any = verdict;
        if (any != VERDICT_ERROR) run->fault = fault;
    }
    return any == VERDICT_UNKNOWN ? VERDICT_NO : any;
}

/* A TEST or TRUTH. What is not there is nothing: every comparison with it is false. */
static enum verdict test(struct run *run, const struct condition *condition) {
    const struct operand *left = &run->filter->operands[condition->left], *right = &run->filter->operands[condition->right];
    sctx_value value, other = {.type = SCTX_NULL};
    if (condition->kind == COND_TEST && condition->comparison < IS_LIKE && !single_value(run, right, &other)) return VERDICT_NO;
    if (left->field == FIELD_DATA) return test_fields(run, condition, &other);
    value = plain_value(run, left);
    return test_value(run, condition, &value, &other);
}

/* ---- what a topic's id decides ---------------------------------------------------------------------------------------------- */

/* False: out of memory; then nothing is remembered. */
static bool memory_reach(struct filter *filter, uint16_t topic_id) {
    struct memory *memory = &filter->memory;
    if (topic_id < memory->topics) return true;
    uint32_t topics = ((uint32_t)topic_id + 64) & ~63u;
    if (topics < 2 * memory->topics) topics = 2 * memory->topics;
    uint8_t *verdicts = calloc(topics, filter->slots + 1);
    uint64_t *hashes = calloc(topics, (filter->changed_count + 1) * sizeof *hashes);
    if (verdicts == NULL || hashes == NULL) {
        free(verdicts);
        free(hashes);
        return false;
    }
    if (memory->topics > 0) {
        memcpy(verdicts, memory->verdicts, (size_t)memory->topics * filter->slots);
        memcpy(hashes, memory->hashes, (size_t)memory->topics * filter->changed_count * sizeof *hashes);
    }
    filter_forget(filter);
    *memory = (struct memory){topics, verdicts, hashes};
    return true;
}

static enum verdict remembered_test(struct run *run, const struct condition *condition) {
    struct filter *filter = run->filter;
    if (condition->slot > filter->slots || !memory_reach(filter, run->message->topic_id)) return test(run, condition);
    uint8_t *verdict = &filter->memory.verdicts[(size_t)run->message->topic_id * filter->slots + condition->slot - 1];
    if (*verdict == 0) *verdict = (uint8_t)(test(run, condition) + 1);
    return (enum verdict)(*verdict - 1);
}

/* All of them, whatever else the expression says: so that they answer the same in any order. */
static void find_changed(struct run *run) {
    struct filter *filter = run->filter;
    for (uint32_t n = 0; n < filter->changed_count; n++) {
        struct walk walk;
        uint64_t hash = 0;
        walk_operand(&walk, run, &filter->operands[filter->conditions[filter->changed[n]].left]);
        for (uint32_t node, behind = 0; (node = walk_next(&walk)) != NO_NODE;) {
            if (node < behind) continue; /* within one that counts as a whole */
            hash = value_hash(hash, run->tree, node);
            behind = run->tree->nodes[node].next;
        }
        bool is_known = memory_reach(filter, run->message->topic_id);
        uint64_t *last = is_known ? &filter->memory.hashes[(size_t)run->message->topic_id * filter->changed_count + n] : NULL;
        if (last == NULL || *last != hash) run->has_changed |= 1u << n;
        if (last != NULL) *last = hash;
    }
}

/* ---- conditions ------------------------------------------------------------------------------------------------------------- */

static enum verdict evaluate(struct run *run, uint32_t at);

/* ALL ends at the first that is false, ANY at the first that is true. */
static enum verdict chain(struct run *run, const struct condition *condition) {
    enum verdict decisive = condition->kind == COND_ALL ? VERDICT_NO : VERDICT_YES;
    enum verdict so_far = condition->kind == COND_ALL ? VERDICT_YES : VERDICT_NO;
    const struct condition *fault = run->fault;
    for (uint32_t at = condition->first; at != NO_NODE; at = run->filter->conditions[at].next) {
        enum verdict verdict = evaluate(run, at);
        if (verdict == decisive) {
            run->fault = fault; /* errors before it decide nothing */
            return decisive;
        }
        if (verdict >= VERDICT_UNKNOWN) so_far = verdict;
    }
    return so_far;
}

static enum verdict evaluate(struct run *run, uint32_t at) {
    const struct condition *condition = &run->filter->conditions[at];
    if (condition->kind == COND_ALL || condition->kind == COND_ANY) return chain(run, condition);
    if (condition->kind == COND_NOT) {
        enum verdict inner = evaluate(run, condition->first);
        return inner >= VERDICT_UNKNOWN ? inner : verdict_of(inner == VERDICT_NO);
    }
    if (condition->needs_data && !run->has_data) return VERDICT_UNKNOWN;
    if (condition->kind == COND_HAS) {
        sctx_value any;
        return verdict_of(first_field(run, &run->filter->operands[condition->left], &any));
    }
    if (condition->kind == COND_CHANGED) return verdict_of((run->has_changed >> condition->nth & 1) != 0);
    return condition->slot > 0 ? remembered_test(run, condition) : test(run, condition);
}

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

static void show_source(struct show *show, const struct filter *filter, const struct operand *operand) {
    show_cut(show, filter->text + operand->off, operand->len, 60);
}

static void tell_fault(const struct run *run) {
    struct filter *filter = run->filter;
    const struct condition *condition = run->fault;
    const struct operand *right = &filter->operands[condition->right];
    struct show show = show_begin(filter->first_error, sizeof filter->first_error);
    show_source(&show, filter, &filter->operands[condition->left]);
    show_plain(&show, " is ");
    value_show(&show, &run->left);
    if (condition->kind == COND_TRUTH) {
        show_plain(&show, ", used as a condition");
    } else if (condition->comparison == IS_IN) {
        show_plain(&show, ", and nothing in the list is");
    } else if (condition->comparison >= IS_LIKE) {
        show_plain(&show, "; '");
        show_plain(&show, comparison_text((enum comparison)condition->comparison));
        show_plain(&show, "' is for texts");
    } else {
        enum relation relation = value_compare(&run->left, &run->right);
        show_plain(&show, relation == INCOMPARABLE ? ", compared with " : ", which has no order, compared with ");
        if (right->field != FIELD_NONE) {
            show_source(&show, filter, right);
            show_plain(&show, ", ");
            value_show(&show, &run->right);
        } else {
            show_plain(&show, value_kind(&run->right));
        }
    }
}

/* ---- the two steps ---------------------------------------------------------------------------------------------------------- */

enum filter_answer filter_ask(struct filter *filter, const struct filter_message *message) {
    struct run run = {.filter = filter, .message = message};
    enum verdict verdict = evaluate(&run, filter->root);
    return verdict == VERDICT_UNKNOWN ? FILTER_NEEDS_DATA : verdict == VERDICT_YES ? FILTER_YES : FILTER_NO;
}

bool filter_decide(struct filter *filter, const struct filter_message *message, const struct tree *tree) {
    enum filter_answer answer = filter_ask(filter, message);
    if (answer != FILTER_NEEDS_DATA) return answer == FILTER_YES;
    struct run run = {.filter = filter, .message = message, .has_data = true};
    if (tree != NULL && tree->count > 0) {
        run.tree = tree;
        find_changed(&run);
    }
    enum verdict verdict = evaluate(&run, filter->root);
    if (verdict == VERDICT_ERROR) {
        if (filter->errors++ == 0) tell_fault(&run);
    }
    return verdict == VERDICT_YES;
}
