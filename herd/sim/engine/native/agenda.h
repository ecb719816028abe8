/* What is to happen: `agenda.Agenda`, compiled.
 *
 * One heap of all events, with four below each. An event lies there whole, 40 bytes beside the next: with 100,000
 * under way most time goes by in waiting for memory, and what is compared with each other comes from one place.
 */
#ifndef HERD_SIM_AGENDA_H
#define HERD_SIM_AGENDA_H

#include <Python.h>

extern PyTypeObject AgendaType;

#endif
