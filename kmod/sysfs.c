// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/dmabuf_tools: figures of the accounting, one value per file, readable by every user;
 * nothing about single buffers. A work makes the directories, because the caller with a new name
 * may not sleep. They are the core's own kobjects, so that none outlives the module's code.
 */
#include <linux/ctype.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "accounting.h"

static struct kobject *top, *exporters, *devices;
static u32 made_exporters, made_devices;

static ssize_t show(char *buf, u64 value)
{
	return sysfs_emit(buf, "%llu\n", value);
}

static u64 sum_devices(size_t member)
{
	u64 sum = 0;
	u32 i, n;

	/* Before the names: pairs with place_of() */
	n = smp_load_acquire(&acct->n_devices);
	for (i = 0; i < n; i++)
		sum += atomic64_read((atomic64_t *)((char *)&acct->devices[i] + member));
	return sum;
}

static struct acct_exporter *exporter_of_kobj(const struct kobject *kobj)
{
	u32 i = 0;

	while (acct->exporters[i].kobj != kobj)
		i++;
	return &acct->exporters[i];
}

static struct acct_device *device_of_kobj(const struct kobject *kobj)
{
	u32 i = 0;

	while (acct->devices[i].kobj != kobj)
		i++;
	return &acct->devices[i];
}

#define ATTRIBUTE(group, file, value)							\
static ssize_t group##_##file##_show(struct kobject *kobj, struct kobj_attribute *attribute,	\
				     char *buf)						\
{											\
	return show(buf, value);							\
}											\
static struct kobj_attribute group##_##file =						\
	__ATTR(file, 0444, group##_##file##_show, NULL)

#define EXPORTER(file)	ATTRIBUTE(exporter, file, atomic64_read(&exporter_of_kobj(kobj)->file))
#define DEVICE(file)	ATTRIBUTE(device, file, atomic64_read(&device_of_kobj(kobj)->file))
#define TOTAL(file)	ATTRIBUTE(total, file, atomic64_read(&acct->file))

TOTAL(buffers);
TOTAL(bytes);
TOTAL(bytes_peak);
TOTAL(exports_total);
TOTAL(releases_total);
TOTAL(unknown_releases_total);
ATTRIBUTE(total, missed_total, atomic64_read(&acct->missed) + hooks_missed());
ATTRIBUTE(total, attachments, sum_devices(offsetof(struct acct_device, attachments)));
ATTRIBUTE(total, mappings, sum_devices(offsetof(struct acct_device, mappings)));

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attribute, char *buf)
{
	return sysfs_emit(buf, "%s\n", DMABUF_TOOLS_VERSION);
}

static struct kobj_attribute version = __ATTR_RO(version);

static struct attribute *total_attrs[] = {
	&total_buffers.attr, &total_bytes.attr, &total_bytes_peak.attr,
	&total_exports_total.attr, &total_releases_total.attr, &total_attachments.attr,
	&total_mappings.attr, &total_missed_total.attr, &total_unknown_releases_total.attr,
	&version.attr, NULL,
};

static const struct attribute_group total_group = { .attrs = total_attrs };

EXPORTER(buffers);
EXPORTER(bytes);
EXPORTER(bytes_peak);
EXPORTER(exports_total);

static struct attribute *exporter_attrs[] = {
	&exporter_buffers.attr, &exporter_bytes.attr, &exporter_bytes_peak.attr,
	&exporter_exports_total.attr, NULL,
};

static const struct attribute_group exporter_group = { .attrs = exporter_attrs };

DEVICE(attachments);
DEVICE(mappings);
DEVICE(attach_total);
DEVICE(map_errors_total);
DEVICE(map_ns_total);
ATTRIBUTE(device, map_total, acct_map_total(device_of_kobj(kobj)));

static struct attribute *device_attrs[] = {
	&device_attachments.attr, &device_mappings.attr, &device_attach_total.attr,
	&device_map_total.attr, &device_map_errors_total.attr, &device_map_ns_total.attr, NULL,
};

static const struct attribute_group device_group = { .attrs = device_attrs };

/*
 * Print characters as \ooo that cannot be in a file's name, or are hard to handle in a shell, and a
 * dot or a parenthesis in the first place, which leaves "(other)" to us.
 */
static void escape(char *out, const char *name)
{
	const char *at;

	if (!*name)
		memcpy(out, "(other)", sizeof("(other)"));
	for (at = name; *at; at++) {
		bool plain = isascii(*at) && isgraph(*at) && *at != '\\' && *at != '/' &&
			     (at > name || (*at != '.' && *at != '('));

		out += sprintf(out, plain ? "%c" : "\\%03o", (unsigned char)*at);
	}
}

static void make(struct kobject *parent, const char *name, const struct attribute_group *group,
		 struct kobject **place)
{
	char escaped[4 * ACCT_NAME_LEN];

	escape(escaped, name);
	*place = kobject_create_and_add(escaped, parent);
	/* The figures go on without their files. */
	if (!*place || sysfs_create_group(*place, group))
		pr_warn("dmabuf_tools: cannot create files for %s in sysfs\n", escaped);
}

static void make_names(struct work_struct *work)
{
	u32 n;

	/* Before the names: pairs with place_of(); so below */
	n = smp_load_acquire(&acct->n_exporters);
	for (; made_exporters < n; made_exporters++)
		make(exporters, acct->exporters[made_exporters].name.text, &exporter_group,
		     &acct->exporters[made_exporters].kobj);
	/* As above */
	n = smp_load_acquire(&acct->n_devices);
	for (; made_devices < n; made_devices++)
		make(devices, acct->devices[made_devices].name.text, &device_group,
		     &acct->devices[made_devices].kobj);
}

static DECLARE_WORK(names_work, make_names);

void acct_sysfs_names(void)
{
	schedule_work(&names_work);
}

int acct_sysfs_init(void)
{
	int err = -ENOMEM;

	made_exporters = 0;
	made_devices = 0;
	top = kobject_create_and_add("dmabuf_tools", kernel_kobj);
	exporters = top ? kobject_create_and_add("exporters", top) : NULL;
	devices = exporters ? kobject_create_and_add("devices", top) : NULL;
	if (devices)
		err = sysfs_create_group(top, &total_group);
	if (err)
		acct_sysfs_exit();
	else
		acct_sysfs_names();
	return err;
}

/* Its files go now, whoever has a reference and however late the last one's end is noticed. */
static void unmake(struct kobject *kobj)
{
	kobject_del(kobj);
	kobject_put(kobj);
}

/* After the last event: no name comes any more. */
void acct_sysfs_exit(void)
{
	u32 i;

	cancel_work_sync(&names_work);
	for (i = 0; i < made_exporters; i++)
		unmake(acct->exporters[i].kobj);
	for (i = 0; i < made_devices; i++)
		unmake(acct->devices[i].kobj);
	unmake(devices);
	unmake(exporters);
	unmake(top);
}
