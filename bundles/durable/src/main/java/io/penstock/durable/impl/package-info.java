// SPDX-License-Identifier: Apache-2.0
/** The file of a durable pipe, with its writer and its reader. */
@NullMarked
package io.penstock.durable.impl;

import org.jspecify.annotations.NullMarked;
