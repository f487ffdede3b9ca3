/* Users for the tests of permissions, who exist nowhere else: their contexts are under /dev/shm/sctx-UID, which is removed again. */
#ifndef SCTX_TESTS_USERS_H
#define SCTX_TESTS_USERS_H
#include "fault.h"

enum who { OWNER, MEMBER, STRANGER, WHO_COUNT };
#define USERS_GROUP 64010u /* owner and member are in it */
#define USERS_GROUP_TEXT "64010"
extern const uid_t user_uid[WHO_COUNT];
extern const char *const user_name[WHO_COUNT];

/* Needs root: skips the program otherwise. Waits until no other run has these users. Removes what an earlier run left. */
void users_begin(void);
void users_end(void); /* removes the users' contexts in the standard place */

/* This process is from now on that user, and looks for contexts in `dir`; NULL: in the standard place. */
void user_become(enum who who, const char *dir);

/* A new folder in the test's, of the owner. */
const char *users_folder(const char *name);
#endif
