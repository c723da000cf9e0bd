// SPDX-License-Identifier: Apache-2.0
/** What is measured: Penstock and its peers, each behind the same few calls. */
@NullMarked
package io.penstock.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
