/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands of dmabuf-trace, one file each; called by its main. */
#ifndef TRACE_H
#define TRACE_H

/* Each takes its own argv (argv[0] is its name) and returns an exit status. */
int doctor_main(int argc, char **argv);
int record_main(int argc, char **argv);
int report_main(int argc, char **argv);
int export_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int leaks_main(int argc, char **argv);
int live_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int metrics_main(int argc, char **argv);

#endif
