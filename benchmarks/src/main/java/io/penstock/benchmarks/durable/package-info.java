// SPDX-License-Identifier: Apache-2.0
/** Durable pipes and their peers, in files and on servers, and what measures them. */
@NullMarked
package io.penstock.benchmarks.durable;

import org.jspecify.annotations.NullMarked;
