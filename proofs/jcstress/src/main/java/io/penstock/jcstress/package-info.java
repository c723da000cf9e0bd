// SPDX-License-Identifier: Apache-2.0
/**
 * What two threads may see of each other in a pipe. A number in an outcome is what a call returned;
 * {@link io.penstock.jcstress.Tries} names those that stand for an exception.
 */
@NullMarked
package io.penstock.jcstress;

import org.jspecify.annotations.NullMarked;
