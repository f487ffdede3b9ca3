#include "bindings.h"

#include <stdio.h>
#include <string.h>

#define LISTS (PLACE_TABLE | PLACE_MESSAGES)
#define SAID (PLACE_MESSAGES | PLACE_DETAIL)

const struct binding bindings[] = {
    {ACT_TOPICS, {'1'}, 0, 0, NULL, "topics: rates, sizes, the last value of each"},
    {ACT_PARTICIPANTS, {'2'}, 0, 0, NULL, "participants: who they are, what they send, what they missed"},
    {ACT_MESSAGES, {'3'}, 0, 0, NULL, "messages: each of them, as they come"},
    {ACT_FLOW, {'4'}, 0, 0, NULL, "flow: who answers whom, and how fast"},
    {ACT_MARKERS, {'5'}, 0, 0, NULL, "markers: levels and their thresholds"},
    {ACT_RING, {'6'}, 0, 0, NULL, "ring: the context itself, or the recording's file"},
    {ACT_NEXT_VIEW, {KEY_OF_TAB}, 0, 0, NULL, "the next view"},
    {ACT_PREVIOUS_VIEW, {KEY_OF_BACKTAB}, 0, 0, NULL, "the view before"},

    {ACT_UP, {KEY_OF_UP, 'k'}, 0, 0, NULL, "up; in a message: the field before"},
    {ACT_DOWN, {KEY_OF_DOWN, 'j'}, 0, 0, NULL, "down; in a message: the next field"},
    {ACT_PAGE_UP, {KEY_OF_PAGE_UP, 'b'}, 0, 0, NULL, "a page up"},
    {ACT_PAGE_DOWN, {KEY_OF_PAGE_DOWN}, 0, 0, NULL, "a page down"},
    {ACT_FIRST, {KEY_OF_HOME, 'g'}, 0, 0, NULL, "the first: of messages the oldest that is held"},
    {ACT_LAST, {KEY_OF_END, 'G'}, 0, 0, NULL, "the last: of messages the newest, and those that come"},
    {ACT_OPEN, {KEY_OF_ENTER}, LISTS, 0, "Open", "of a topic, participant or flow: its messages; of a message: all of it"},
    {ACT_BACK, {KEY_OF_ESCAPE, KEY_OF_BACKSPACE}, 0, 0, "Back", "back to where one was"},

    {ACT_SORT_LEFT, {KEY_OF_LEFT, '<'}, PLACE_TABLE, 0, NULL, "sort by the column to the left"},
    {ACT_SORT_RIGHT, {KEY_OF_RIGHT, '>'}, PLACE_TABLE, 0, "Sort", "sort by the column to the right"},
    {ACT_SORT_TURN, {'i'}, PLACE_TABLE, 0, NULL, "sort the other way round"},
    {ACT_SEARCH, {'/', KEY_OF_F1 + 2}, 0, 0, "Search", "search: names; of messages also what is in them"},
    {ACT_SEARCH_NEXT, {'n'}, 0, 0, NULL, "the next that was searched for"},
    {ACT_SEARCH_PREVIOUS, {'N'}, 0, 0, NULL, "the one before"},
    {ACT_TROUBLE, {'!'}, PLACE_TABLE, 0, NULL, "the next name that sounds like trouble: alert, error, warn, fail"},
    {ACT_FILTER, {KEY_OF_F1 + 3, 'f'}, 0, 0, "Filter", "show only messages that match, such as data.price > 100; see sctx-filter(7)"},

    {ACT_PAUSE, {KEY_OF_SPACE, 'p'}, 0, PLACE_LIVE, "Pause", "hold the picture; counting goes on"},
    {ACT_PAUSE, {KEY_OF_SPACE, 'p'}, 0, PLACE_FILE, "Play", "play, or stop playing"},
    {ACT_CAUSE, {'c'}, SAID, 0, "Cause", "go to the message that this one answers"},
    {ACT_EFFECTS, {'e'}, SAID, 0, "Effects", "the messages that answer this one"},
    {ACT_LEFT, {KEY_OF_LEFT}, PLACE_DETAIL, 0, NULL, "the message before"},
    {ACT_RIGHT, {KEY_OF_RIGHT}, PLACE_DETAIL, 0, NULL, "the next message"},
    {ACT_RETRY, {'x'}, SAID, 0, NULL, "try a plugin again that was dropped"},
    {ACT_SNAPSHOT, {'s'}, 0, PLACE_LIVE, "Snapshot", "write what the ring holds now to a file"},
    {ACT_RECORD, {'r'}, 0, PLACE_LIVE, "Record", "record to a file, or end that"},

    {ACT_STEP_BACK, {','}, 0, PLACE_FILE, NULL, "one message back in time"},
    {ACT_STEP, {'.'}, 0, PLACE_FILE, "Step", "one message on"},
    {ACT_SEEK_BACK, {'['}, 0, PLACE_FILE, NULL, "back by a fiftieth of the recording"},
    {ACT_SEEK, {']'}, 0, PLACE_FILE, "Seek", "on by a fiftieth"},
    {ACT_SLOWER, {'-'}, 0, PLACE_FILE, NULL, "play half as fast"},
    {ACT_FASTER, {'+', '='}, 0, PLACE_FILE, NULL, "play twice as fast"},

    {ACT_HELP, {'?', 'h', KEY_OF_F1}, 0, 0, "Help", "this"},
    {ACT_REDRAW, {'L' - '@'}, 0, 0, NULL, "draw the screen anew"},
    {ACT_QUIT, {'q', KEY_OF_F1 + 9}, 0, 0, "Quit", "the end"},
};
const size_t binding_count = sizeof bindings / sizeof *bindings;

bool binding_is_for(const struct binding *binding, unsigned place) {
    return (binding->views == 0 || (binding->views & place) != 0) && (binding->sources == 0 || (binding->sources & place) != 0);
}

enum action binding_find(uint32_t key, unsigned place) {
    for (size_t i = 0; i < binding_count; i++)
        for (int k = 0; k < 3 && bindings[i].keys[k] != 0; k++)
            if (bindings[i].keys[k] == key && binding_is_for(&bindings[i], place)) return bindings[i].action;
    return ACT_NOTHING;
}

const char *binding_keys(const struct binding *binding, char text[static BINDING_KEYS]) {
    size_t len = 0;
    text[0] = '\0';
    for (int i = 0; i < 3 && binding->keys[i] != 0; i++) {
        char name[KEY_NAME];
        len += (size_t)snprintf(text + len, BINDING_KEYS - len, "%s%s", i > 0 ? ", " : "", key_label(binding->keys[i], name));
    }
    return text;
}
