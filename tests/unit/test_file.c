// SPDX-License-Identifier: GPL-2.0
/* Creating files where others may have put something. */
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "output/file.h"

static char folder[] = "/tmp/file-XXXXXX", path[128], other[64];

/* A new directory of that mode, with a file in it that is not to be touched. */
static void make(mode_t mode)
{
	FILE *out;

	snprintf(other, sizeof(other), "%s/%o", folder, mode);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(chmod(other, mode), 0);
	snprintf(path, sizeof(path), "%s/new", other);
	strcat(other, "/old");
	out = fopen(other, "w");
	assert_non_null(out);
	fputs("old", out);
	fclose(out);
}

static off_t size_of(const char *name, mode_t *mode)
{
	struct stat st;

	assert_int_equal(lstat(name, &st), 0);
	*mode = st.st_mode & 07777;
	return st.st_size;
}

static void shared(void **state)
{
	mode_t mode;
	FILE *out;

	(void)state;
	make(01777);
	assert_int_equal(symlink("old", path), 0);
	assert_int_equal(file_create(path, FILE_PRIVATE), -ELOOP);
	assert_null(file_stream(path, FILE_PRIVATE));
	assert_int_equal(errno, ELOOP);
	unlink(path);
	/* To where there is nothing yet */
	assert_int_equal(symlink("nothing", path), 0);
	assert_int_equal(file_create(path, FILE_PRIVATE), -ELOOP);
	unlink(path);
	assert_int_equal(link(other, path), 0);
	assert_int_equal(file_create(path, FILE_PRIVATE), -ELOOP);
	assert_int_equal(size_of(other, &mode), 3);
	unlink(path);
	if (!geteuid()) {
		assert_int_equal(chown(other, 65534, 65534), 0);
		assert_int_equal(file_create(other, FILE_PRIVATE), -ELOOP);
		assert_int_equal(size_of(other, &mode), 3);
	}
	out = file_stream(path, FILE_PRIVATE);
	assert_non_null(out);
	fputs("mine", out);
	fclose(out);
	assert_int_equal(size_of(path, &mode), 4);
	assert_int_equal(mode, 0600);
	/* Again: it is emptied */
	close(file_create(path, FILE_PRIVATE));
	assert_int_equal(size_of(path, &mode), 0);
}

static void own(void **state)
{
	mode_t mode;

	(void)state;
	make(0755);
	assert_int_equal(symlink("old", path), 0);
	close(file_create(path, FILE_PRIVATE));
	assert_int_equal(size_of(other, &mode), 0);
	unlink(path);
	umask(022);
	close(file_create(path, FILE_PUBLIC));
	size_of(path, &mode);
	assert_int_equal(mode, 0644);
	assert_int_equal(file_create("/no/such/file", FILE_PUBLIC), -ENOENT);
	assert_true(file_create("/dev/null", FILE_PRIVATE) >= 0);
	assert_string_equal(file_error(ENOENT), strerror(ENOENT));
	assert_string_not_equal(file_error(ELOOP), strerror(ELOOP));
}

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(folder);
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared),
		cmocka_unit_test(own),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
