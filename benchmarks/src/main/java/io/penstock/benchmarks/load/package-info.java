// SPDX-License-Identifier: Apache-2.0
/** What puts a load on servers, and what is measured within one JVM. */
@NullMarked
package io.penstock.benchmarks.load;

import org.jspecify.annotations.NullMarked;
