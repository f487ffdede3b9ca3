#include "options.h"
#include "terminal.h"

int main(int argc, char **argv) {
    struct options options;
    int code = options_read(&options, argc, argv);
    return code >= 0                ? code
           : options.is_batch       ? batch_run(&options)
           : options.script != NULL ? script_run(&options)
                                    : terminal_run(&options);
}
