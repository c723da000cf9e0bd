// SPDX-License-Identifier: Apache-2.0
/** Servers on channels: this product and its peers, each a process of its own. */
@NullMarked
package io.penstock.benchmarks.server;

import org.jspecify.annotations.NullMarked;
