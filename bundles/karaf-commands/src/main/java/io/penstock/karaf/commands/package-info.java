// SPDX-License-Identifier: Apache-2.0
/** The commands of operators in Karaf's own shell. Nothing here is for other bundles. */
@NullMarked
package io.penstock.karaf.commands;

import org.jspecify.annotations.NullMarked;
