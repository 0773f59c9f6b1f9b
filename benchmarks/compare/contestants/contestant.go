// Go. Arguments, output and works: see ../../README.md.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const block = 64 * 1024

var (
	program   string
	latencies []int64
	chars     int
	child     *exec.Cmd
	childIn   io.WriteCloser
	childOut  *bufio.Reader
	writers   []*os.File
	readers   []*os.File
	arrived   sync.WaitGroup
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(argument string) int {
	value, err := strconv.Atoi(argument)
	check(err)
	return value
}

func start(arguments ...string) (*exec.Cmd, io.WriteCloser, io.ReadCloser) {
	command := exec.Command(program, arguments...)
	in, err := command.StdinPipe()
	check(err)
	out, err := command.StdoutPipe()
	check(err)
	check(command.Start())
	return command, in, out
}

func readLine(reader *bufio.Reader) string {
	line, err := reader.ReadString('\n')
	check(err)
	return line
}

func lines(argument string, count int) {
	if child == nil {
		var out io.Reader
		child, childIn, out = start("lines", argument)
		childOut = bufio.NewReaderSize(out, block)
	}
	for i := 0; i < count; i++ {
		chars += len(readLine(childOut))
	}
}

func roundTrips(argument string, count int) {
	if child == nil {
		var out io.Reader
		child, childIn, out = start("echo")
		childOut = bufio.NewReader(out)
	}
	message := []byte(strings.Repeat("x", number(argument)-1) + "\n")
	latencies = make([]int64, count)
	for i := range latencies {
		begin := time.Now()
		_, err := childIn.Write(message)
		check(err)
		chars += len(readLine(childOut))
		latencies[i] = time.Since(begin).Nanoseconds()
	}
}

func openPipes(count int) {
	for i := 0; i < count; i++ {
		rx, tx, err := os.Pipe()
		check(err)
		readers = append(readers, rx) // or it is closed as garbage
		writers = append(writers, tx)
		go func() {
			reader := bufio.NewReader(rx)
			for {
				readLine(reader)
				arrived.Done()
			}
		}()
	}
}

func messages(argument string, count int) {
	if writers == nil {
		openPipes(number(argument))
	}
	for i := 0; i < count; i++ {
		arrived.Add(len(writers))
		for _, writer := range writers {
			_, err := writer.WriteString("nineteen characters\n")
			check(err)
		}
		arrived.Wait()
	}
}

func throughput(argument string, count int) {
	size := number(argument)
	rx, tx, err := os.Pipe()
	check(err)
	go func() {
		bytes := make([]byte, size)
		for i := 0; i < count; i++ {
			_, err := tx.Write(bytes)
			check(err)
		}
		check(tx.Close())
	}()
	bytes := make([]byte, size)
	for {
		_, err := rx.Read(bytes)
		if err == io.EOF {
			break
		}
		check(err)
	}
	check(rx.Close())
}

func toFile(argument string, count int) {
	path, size, _ := strings.Cut(argument, ":")
	for i := 0; i < count; i++ {
		child, _, out := start("source", size)
		file, err := os.Create(path)
		check(err)
		_, err = io.Copy(file, out)
		check(err)
		check(file.Close())
		check(child.Wait())
	}
}

func fromFile(argument string, count int) {
	path, _, _ := strings.Cut(argument, ":")
	for i := 0; i < count; i++ {
		child, in, _ := start("sink")
		file, err := os.Open(path)
		check(err)
		_, err = io.Copy(in, file)
		check(err)
		check(file.Close())
		check(in.Close())
		check(child.Wait())
	}
}

func allAtOnce(all int, one func()) {
	var ended sync.WaitGroup
	ended.Add(all)
	for i := 0; i < all; i++ {
		go func() {
			one()
			ended.Done()
		}()
	}
	ended.Wait()
}

func starts(argument string, count int) {
	for i := 0; i < count; i++ {
		allAtOnce(number(argument), func() {
			child, in, out := start("echo")
			_, err := io.WriteString(in, "hello\n")
			check(err)
			readLine(bufio.NewReader(out))
			check(in.Close())
			check(child.Wait())
		})
	}
}

func runs(argument string, count int) {
	for i := 0; i < count; i++ {
		allAtOnce(number(argument), func() {
			_, err := exec.Command("/bin/true").Output()
			check(err)
		})
	}
}

func idle(argument string, count int) {
	if count > 0 {
		openPipes(number(argument))
	}
}

func waitForDriver() {
	_, err := os.Stdin.Read(make([]byte, 1))
	check(err)
}

func main() {
	works := map[string]func(string, int){
		"lines": lines, "roundtrip": roundTrips, "messages": messages, "throughput": throughput, "tofile": toFile,
		"fromfile": fromFile, "starts": starts, "runs": runs, "idle": idle,
	}
	work := works[os.Args[1]]
	if work == nil {
		fmt.Fprintln(os.Stderr, "unsupported: no such work")
		os.Exit(3)
	}
	program = os.Args[5]
	work(os.Args[2], number(os.Args[3]))
	fmt.Println("ready")
	waitForDriver()
	begin := time.Now()
	work(os.Args[2], number(os.Args[4]))
	elapsed := time.Since(begin).Nanoseconds()
	sort.Slice(latencies, func(i, k int) bool { return latencies[i] < latencies[k] })
	at := func(percent int) int64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[len(latencies)*percent/100]
	}
	fmt.Printf("done {\"ns\": %d, \"p50\": %d, \"p99\": %d}\n", elapsed, at(50), at(99))
	waitForDriver()
}
