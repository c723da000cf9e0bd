// SPDX-License-Identifier: Apache-2.0
/** What JMH runs, and the run as a whole. */
@NullMarked
package io.penstock.benchmarks.run;

import org.jspecify.annotations.NullMarked;
