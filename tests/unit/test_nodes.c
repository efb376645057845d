// SPDX-License-Identifier: GPL-2.0
/* Descriptions of device numbers by sysfs: one read until another device has the number. */
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "source/users.h"
#include "source/names.h"

#define RDEV (511u << 20 | 7)		/* no driver has this number */
#define PLACE "/sys/dev/char/511:7"

/* The links of sysfs, in place of libc's functions */
static struct {
	ino_t ino;			/* 0: no device has the number */
	const char *device, *driver;
} now;
static unsigned int calls;

int lstat(const char *path, struct stat *st)
{
	calls++;
	assert_string_equal(path, PLACE);
	memset(st, 0, sizeof(*st));
	st->st_ino = now.ino;
	errno = ENOENT;
	return now.ino ? 0 : -1;
}

ssize_t readlink(const char *path, char *to, size_t room)
{
	const char *text = strcmp(path, PLACE "/device") ? now.driver : now.device;

	calls++;
	errno = ENOENT;
	return text ? snprintf(to, room, "../../../%s", text) : -1;
}

static void expect(struct node_names **names, unsigned int most, const char *device,
		   const char *driver)
{
	static uint32_t pid;
	struct snap_node node = { .head = { SNAP_NODE, sizeof(node), 0 }, .rdev = RDEV,
				  .pid = ++pid };

	calls = 0;
	node_describe(names, &node);
	assert_in_range(calls, 1, most);
	assert_int_equal(node.head.type, SNAP_NODE);
	assert_int_equal(node.rdev, RDEV);
	assert_int_equal(node.pid, pid);
	assert_string_equal(node.device, device);
	assert_string_equal(node.driver, driver);
}

static void known_number_costs_one_call(void **state)
{
	struct node_names *names = NULL;
	int i;

	(void)state;
	now.ino = 23;
	now.device = "vivid.0";
	now.driver = "vivid";
	expect(&names, 3, "vivid.0", "vivid");
	for (i = 0; i < 5; i++)
		expect(&names, 1, "vivid.0", "vivid");
	node_names_free(names);
}

static void number_of_another_device_is_read_anew(void **state)
{
	struct node_names *names = NULL;

	(void)state;
	now.ino = 23;
	now.device = "vivid.0";
	now.driver = "vivid";
	expect(&names, 3, "vivid.0", "vivid");
	now.ino = 29;
	now.device = "1-1:1.0";
	now.driver = "uvcvideo";
	expect(&names, 3, "1-1:1.0", "uvcvideo");
	now.ino = 31;
	now.device = now.driver = NULL;
	expect(&names, 3, "", "");
	now.ino = 0;
	expect(&names, 3, "", "");
	expect(&names, 1, "", "");
	now.ino = 37;
	now.device = "vivid.0";
	expect(&names, 3, "vivid.0", "");
	node_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_number_costs_one_call),
		cmocka_unit_test(number_of_another_device_is_read_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
