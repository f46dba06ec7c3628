// SPDX-License-Identifier: MIT
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The content of a file without its last newline, or NULL. The caller frees it. */
char *slurp(const char *path, int *error)
{
	size_t size = 0, room = 4096;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0) {
		if (error)
			*error = errno;
		free(text);
		return NULL;
	}
	while ((got = read(fd, text + size, room - size - 1)) > 0) {
		size += got;
		if (room - size < 1024)
			text = realloc(text, room *= 2);
	}
	if (error)
		*error = got < 0 ? errno : 0;
	close(fd);
	if (got < 0 && size == 0) {
		free(text);
		return NULL;
	}
	while (size > 0 && text[size - 1] == '\n')
		size--;
	text[size] = 0;
	return text;
}

int spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

long number_in(const char *path, long otherwise)
{
	char *text = slurp(path, NULL);
	long value = text && *text ? strtol(text, NULL, 10) : otherwise;

	free(text);
	return value;
}
