// SPDX-License-Identifier: Apache-2.0
/** The file of a durable pipe, and who writes and reads it. */
@NullMarked
package io.penstock.durable.impl;

import org.jspecify.annotations.NullMarked;
