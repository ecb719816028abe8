/* Becomes another program, which the kernel kills when the one that started it is gone, however that went.

     leash ID-OF-THAT-ONE PROGRAM WORD... */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **words)
{
    if (count < 3) {
        fputs("leash ID PROGRAM WORD...\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != atoi(words[1]))
        return 1; /* it was gone before that */
    execvp(words[2], words + 2);
    perror(words[2]);
    return 1;
}
