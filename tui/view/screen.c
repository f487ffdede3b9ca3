#define NCURSES_WIDECHAR 1
#include "screen.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
    SCREEN *screen;
    struct termios before;
    bool has_before, has_colours, is_ascii;
    attr_t attributes[STYLES];
    short pairs[STYLES], selected_pairs[STYLES];
    attr_t selected_attributes;
    struct grid last;
    bool is_last; /* else every row is drawn anew */
} the;

/* ---- colours ---------------------------------------------------------------------------------------------------------------- */

struct look {
    short on_dark, on_light, of_16; /* of 256 colours on either background; of 8 or 16; -1: the terminal's own */
    attr_t attributes;              /* with colours */
    attr_t without;                 /* without */
};

static const struct look looks[STYLES] = {
    [STYLE_PLAIN] = {-1, -1, -1, 0, 0},
    [STYLE_DIM] = {245, 243, -1, 0, A_DIM},
    [STYLE_STRONG] = {-1, -1, -1, A_BOLD, A_BOLD},
    [STYLE_BAR] = {-1, -1, -1, A_REVERSE, A_REVERSE},
    [STYLE_BAR_ON] = {-1, -1, -1, A_BOLD, A_BOLD},
    [STYLE_HEAD] = {75, 25, COLOR_CYAN, A_BOLD, A_BOLD | A_UNDERLINE},
    [STYLE_NAME] = {80, 23, COLOR_CYAN, 0, 0},
    [STYLE_PERSON] = {180, 94, COLOR_YELLOW, 0, 0},
    [STYLE_VALUE] = {-1, -1, -1, 0, 0},
    [STYLE_GOOD] = {114, 28, COLOR_GREEN, 0, 0},
    [STYLE_WARN] = {214, 130, COLOR_YELLOW, A_BOLD, A_BOLD},
    [STYLE_BAD] = {203, 160, COLOR_RED, A_BOLD, A_BOLD | A_REVERSE},
    [STYLE_GRAPH] = {111, 26, COLOR_BLUE, 0, 0},
    [STYLE_LIT] = {-1, -1, -1, A_REVERSE | A_BOLD, A_REVERSE},
    [STYLE_SELECTED] = {-1, -1, -1, A_BOLD, A_REVERSE},
};

static enum screen_background background_of(const struct screen_options *options) {
    const char *said = getenv("COLORFGBG"), *last = said != NULL ? strrchr(said, ';') : NULL;
    if (options->background != BACKGROUND_AUTO || last == NULL) return options->background;
    int number = atoi(last + 1);
    return number == 7 || number >= 9 ? BACKGROUND_LIGHT : BACKGROUND_DARK;
}

static short colour_of(const struct look *look, enum screen_background background) {
    if (COLORS < 256) return look->of_16;
    if (background == BACKGROUND_LIGHT) return look->on_light;
    if (background == BACKGROUND_DARK) return look->on_dark;
    return look->of_16; /* the palette's own: people make it fit their background */
}

static void choose_colours(const struct screen_options *options) {
    const char *no_color = getenv("NO_COLOR");
    bool unwanted = options->colours == COLOURS_NEVER || (options->colours == COLOURS_AUTO && no_color != NULL && no_color[0] != '\0');
    the.has_colours = !unwanted && has_colors() && start_color() != ERR && use_default_colors() != ERR && COLORS >= 8;
    enum screen_background background = background_of(options);
    short selected = -1;
    if (the.has_colours && COLORS >= 256 && background != BACKGROUND_AUTO) selected = background == BACKGROUND_LIGHT ? 254 : 237;
    the.selected_attributes = selected >= 0 ? A_BOLD : A_REVERSE;
    for (int style = 0; style < STYLES; style++) {
        const struct look *look = &looks[style];
        the.attributes[style] = the.has_colours ? look->attributes : look->without;
        the.pairs[style] = the.selected_pairs[style] = 0;
        if (!the.has_colours) continue;
        the.pairs[style] = (short)(1 + style);
        the.selected_pairs[style] = (short)(1 + STYLES + style);
        short colour = colour_of(look, background);
        (void)init_pair(the.pairs[style], colour, -1);
        (void)init_pair(the.selected_pairs[style], selected >= 0 ? colour : -1, selected);
    }
}

/* ---- begin and end ---------------------------------------------------------------------------------------------------------- */

static bool can_unicode(void) {
    const char *term = getenv("TERM");
    bool console = term != NULL && strcmp(term, "linux") == 0; /* its font has few characters */
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 && !console;
}

const char *screen_open(const struct screen_options *options) {
    const char *term = getenv("TERM");
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
        return "standard input and output are no terminal; --batch prints tables as text";
    if (term == NULL || term[0] == '\0') return "TERM is not set, so it is not known what the terminal can do; --batch needs none";
    the.has_before = tcgetattr(STDIN_FILENO, &the.before) == 0;
    the.screen = newterm(term, stdout, stdin);
    if (the.screen == NULL) return "there is no description of this terminal (TERM); --batch needs none";
    (void)set_term(the.screen);
    the.is_ascii = !can_unicode();
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(25);
    (void)curs_set(0);
    choose_colours(options);
    if (options->mouse) {
        (void)mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        (void)mouseinterval(0);
    }
    return NULL;
}

void screen_close(void) {
    if (the.screen == NULL) return;
    (void)endwin();
    grid_free(&the.last);
    the.is_last = false;
    delscreen(the.screen);
    the.screen = NULL;
}

/* What endwin() sends on terminals that understand ANSI: out of the second screen, cursor shown, no attributes, no mouse. */
void screen_rescue(void) {
    static const char back[] = "\033[?1000l\033[?1006l\033[?1049l\033[?25h\033[0m\r\n";
    if (the.screen == NULL) return;
    (void)!write(STDOUT_FILENO, back, sizeof back - 1);
    if (the.has_before) (void)tcsetattr(STDIN_FILENO, TCSANOW, &the.before);
}

void screen_stop(void) {
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    (void)endwin();
    (void)sigemptyset(&usual.sa_mask);
    (void)sigaction(SIGTSTP, &usual, &before);
    (void)raise(SIGTSTP);
    (void)sigaction(SIGTSTP, &before, NULL);
    (void)clearok(stdscr, TRUE);
    (void)refresh();
}

int screen_fd(void) {
    return STDIN_FILENO;
}

/* ---- output ----------------------------------------------------------------------------------------------------------------- */

bool screen_fit(struct grid *grid) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0 &&
        (size.ws_col != COLS || size.ws_row != LINES)) {
        (void)resizeterm(size.ws_row, size.ws_col);
        the.is_last = false;
    }
    grid->is_ascii = the.is_ascii;
    return grid_resize(grid, COLS, LINES);
}

static void show_cell(const struct cell *cell, int x, int y) {
    wchar_t text[1 + GRID_MARKS + 1] = {(wchar_t)cell->code};
    for (int i = 0; i < GRID_MARKS; i++) text[1 + i] = (wchar_t)cell->marks[i];
    attr_t attributes = the.attributes[cell->style];
    short pair = the.pairs[cell->style];
    if (cell->is_selected) {
        attributes = (cell->style == STYLE_LIT ? attributes : 0) | the.selected_attributes;
        pair = the.selected_pairs[cell->style];
    }
    cchar_t shown;
    if (setcchar(&shown, text, attributes, pair, NULL) == OK) (void)mvadd_wch(y, x, &shown);
}

static bool is_blank(const struct cell *cell) {
    return cell->code == ' ' && cell->style == STYLE_PLAIN && !cell->is_selected;
}

static void show_row(const struct cell *cells, int columns, int y) {
    (void)move(y, 0);
    (void)clrtoeol();
    for (int x = 0; x < columns; x++)
        if (cells[x].code != 0 && !is_blank(&cells[x])) show_cell(&cells[x], x, y);
}

static bool same_size_as_last(const struct grid *grid) {
    return the.is_last && grid->columns == the.last.columns && grid->rows == the.last.rows;
}

/* ncurses compares what was drawn with what is on the screen, but drawing costs as well: of most pictures, most rows are those of the last. */
void screen_show(const struct grid *grid, bool all) {
    bool has_last = same_size_as_last(grid);
    if (!has_last) (void)erase();
    the.is_last = has_last || grid_resize(&the.last, grid->columns, grid->rows);
    for (int y = 0; y < grid->rows && y < LINES; y++) {
        size_t at = (size_t)y * (size_t)grid->columns, bytes = (size_t)grid->columns * sizeof *grid->cells;
        if (has_last && memcmp(&grid->cells[at], &the.last.cells[at], bytes) == 0) continue;
        show_row(&grid->cells[at], grid->columns < COLS ? grid->columns : COLS, y);
        if (the.is_last) memcpy(&the.last.cells[at], &grid->cells[at], bytes);
    }
    if (all) (void)clearok(curscr, TRUE);
    (void)refresh();
}

/* ---- input ------------------------------------------------------------------------------------------------------------------ */

static const struct {
    int code;
    uint32_t key;
} keys[] = {
    {KEY_UP, KEY_OF_UP},         {KEY_DOWN, KEY_OF_DOWN},       {KEY_LEFT, KEY_OF_LEFT},           {KEY_RIGHT, KEY_OF_RIGHT},
    {KEY_PPAGE, KEY_OF_PAGE_UP}, {KEY_NPAGE, KEY_OF_PAGE_DOWN}, {KEY_HOME, KEY_OF_HOME},           {KEY_END, KEY_OF_END},
    {KEY_DC, KEY_OF_DELETE},     {KEY_BTAB, KEY_OF_BACKTAB},    {KEY_BACKSPACE, KEY_OF_BACKSPACE}, {KEY_ENTER, KEY_OF_ENTER},
    {KEY_RESIZE, KEY_OF_RESIZE}, {KEY_FIND, KEY_OF_HOME},       {KEY_SELECT, KEY_OF_END},
};

static bool of_mouse(struct input *input) {
    MEVENT event;
    if (getmouse(&event) != OK) return false;
    input->column = event.x;
    input->row = event.y;
    if ((event.bstate & BUTTON4_PRESSED) != 0)
        input->key = KEY_OF_WHEEL_UP;
    else if ((event.bstate & BUTTON5_PRESSED) != 0)
        input->key = KEY_OF_WHEEL_DOWN;
    else if ((event.bstate & BUTTON1_DOUBLE_CLICKED) != 0)
        input->key = KEY_OF_DOUBLE;
    else if ((event.bstate & (BUTTON1_CLICKED | BUTTON1_PRESSED)) != 0)
        input->key = KEY_OF_CLICK;
    return input->key != KEY_OF_NOTHING;
}

static bool of_function_key(int code, struct input *input) {
    if (code == KEY_MOUSE) return of_mouse(input);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].code == code) input->key = keys[i].key;
    if (code >= KEY_F(1) && code <= KEY_F(12)) input->key = KEY_OF_F1 + (uint32_t)(code - KEY_F(1));
    return input->key != KEY_OF_NOTHING;
}

bool screen_input(struct input *input) {
    for (;;) {
        wint_t code;
        int kind = get_wch(&code);
        *input = (struct input){KEY_OF_NOTHING, 0, 0};
        if (kind == ERR) return false;
        if (kind == KEY_CODE_YES) {
            if (code == KEY_RESIZE) the.is_last = false; /* ncurses has cut its window, perhaps there and back */
            if (of_function_key((int)code, input)) return true;
            continue;
        }
        input->key = code == '\r' ? KEY_OF_ENTER : code == 127 || code == 8 ? KEY_OF_BACKSPACE : (uint32_t)code;
        if (input->key != 0 && input->key < KEY_OF_UP) return true;
    }
}
