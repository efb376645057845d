/* SPDX-License-Identifier: GPL-2.0 */
/* The handler of clicks and of the wheel. */
#ifndef TOP_MOUSE_H
#define TOP_MOUSE_H

struct ui;

unsigned int act_mouse(struct ui *ui, int arg);

#endif
