// SPDX-License-Identifier: Apache-2.0
/** What the measurements say: gates, validity, tables and plots. */
@NullMarked
package io.penstock.benchmarks.report;

import org.jspecify.annotations.NullMarked;
