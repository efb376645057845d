// SPDX-License-Identifier: GPL-2.0
/* Creating files where others may have put something. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "file.h"

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

static size_t content(const char *name, char text[16])
{
	FILE *in = fopen(name, "r");
	size_t n;

	assert_non_null(in);
	n = fread(text, 1, 15, in);
	text[n] = '\0';
	fclose(in);
	return n;
}

static unsigned long entries(const char *name)
{
	struct stat st;
	DIR *dir = opendir(name);
	unsigned long n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	assert_int_equal(stat(name, &st), 0);
	return n - 2;
}

/* Where a group may write, or a user other than this one: what is another's is not taken. */
static void foreign(void **state)
{
	static const mode_t modes[] = { 02775, 0711 };
	char text[16];
	mode_t mode;
	int i;

	(void)state;
	if (geteuid())
		return;
	for (i = 0; i < 2; i++) {
		make(modes[i]);
		*strrchr(other, '/') = '\0';
		if (i)
			assert_int_equal(chown(other, 1000, 1000), 0);
		strcat(other, "/old");
		assert_int_equal(symlink("old", path), 0);
		assert_int_equal(lchown(path, 1000, 1000), 0);
		assert_int_equal(file_create(path, FILE_PRIVATE), -ELOOP);
		assert_null(file_begin_stream(&(struct file_whole){ 0 }, path, FILE_PRIVATE));
		assert_int_equal(content(other, text), 3);
		unlink(path);
		assert_int_equal(mkfifo(path, 0666), 0);
		assert_int_equal(chown(path, 1000, 1000), 0);
		/* Without waiting for who reads */
		assert_int_equal(file_create(path, FILE_PRIVATE), -ELOOP);
		unlink(path);
		/* Its own links and files it knows */
		assert_int_equal(symlink("old", path), 0);
		close(file_create(path, FILE_PRIVATE));
		assert_int_equal(size_of(other, &mode), 0);
		unlink(path);
		unlink(other);
		close(file_create(path, FILE_PRIVATE));
		assert_int_equal(size_of(path, &mode), 0);
	}
}

/* The old one stays until the new one is whole; links stay links. */
static void whole(void **state)
{
	struct file_whole f;
	char text[16], dir[64], old[80];
	mode_t mode;

	(void)state;
	make(0700);
	snprintf(dir, sizeof(dir), "%s", other);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(chmod(other, 0640), 0);
	assert_int_equal(symlink("old", path), 0);
	assert_non_null(file_begin_stream(&f, path, FILE_PRIVATE));
	fputs("new", f.out);
	fflush(f.out);
	content(other, text);
	assert_string_equal(text, "old");
	assert_int_equal(file_end(&f, -EIO), -EIO);
	content(other, text);
	assert_string_equal(text, "old");
	assert_int_equal(entries(dir), 2);
	assert_non_null(file_begin_stream(&f, path, FILE_PRIVATE));
	assert_true(file_old_begins(&f, "ol", 2));
	assert_false(file_old_begins(&f, "new", 3));
	fputs("new", f.out);
	assert_int_equal(file_end(&f, 0), 0);
	content(other, text);
	assert_string_equal(text, "new");
	size_of(other, &mode);
	assert_int_equal(mode, 0640);
	assert_int_equal(entries(dir), 2);
	assert_true(file_same(path, other));
	assert_false(file_same(path, "/dev/null"));
	/* Kept beside it */
	assert_int_equal(file_begin(&f, path, FILE_PRIVATE), 0);
	assert_int_equal(file_place(&f, true), 0);
	assert_int_equal(size_of(other, &mode), 0);
	assert_int_equal(write(f.fd, "last", 4), 4);
	assert_int_equal(file_end(&f, -ECANCELED), -ECANCELED);
	assert_int_equal(size_of(other, &mode), 4);
	snprintf(old, sizeof(old), "%s/old.old", dir);
	content(old, text);
	assert_string_equal(text, "new");
	/* What is no file is written to as it is */
	assert_int_equal(file_begin(&f, "/dev/null", FILE_PRIVATE), 0);
	assert_int_equal(file_end(&f, 0), 0);
	assert_int_equal(file_begin(&f, "/no/such/file", FILE_PRIVATE), -ENOENT);
	assert_int_equal(file_end(&f, -ENOENT), -ENOENT);
	assert_int_equal(file_begin(&f, dir, FILE_PRIVATE), -EISDIR);
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
		cmocka_unit_test(foreign),
		cmocka_unit_test(whole),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
